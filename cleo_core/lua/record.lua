#!lua flags=no-writes
-- record: everything that is kept of a task.
-- KEYS  1 the queue's hash
-- ARGV  1 id
-- Returns { now (ms), fields (flat), state, receipt or '', end of the lease (ms) or '', due (ms) or '', TTL (ms) }
-- Cost  O(size of the record)
-- Role  viewer
-- include: base states
local id = ARGV[1]
return { now, call('HGETALL', TASK .. id), (state_of(id)), call('HGET', Q .. 'active', id) or '',
  call('ZSCORE', Q .. 'leases', id) or '', call('ZSCORE', Q .. 'delayed', id) or '', call('PTTL', TASK .. id) }
