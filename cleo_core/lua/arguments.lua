#!lua flags=no-writes
-- arguments: the arguments of claimed tasks, which the claim left out because they are large.
-- KEYS  1 the queue's hash
-- ARGV  the ids of the tasks
-- Returns the arguments ('' where there are none) in the order of the ids: at least one, and no more once they have BYTES
-- Cost  O(size)
-- Role  worker
-- include: base
local BYTES = 2097152
local found, size = {}, 0
for at, id in ipairs(ARGV) do
  found[at] = call('HGET', TASK .. id, 'args') or ''
  size = size + #found[at]
  if size >= BYTES then break end
end
return found
