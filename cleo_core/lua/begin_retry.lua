#!lua
-- begin_retry: notes that all dead letters that match are to be retried. Nothing is retried yet (retry_step does it); only
-- those that are dead now are meant, so what fails again is not retried again.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 the run, 3 fingerprint or '', 4 filter (JSON, see letters), 5 what the audit says,
--       6 to 8 how many first, how many a second then, at which failure rate to stop ('' '' '': not staged)
-- Returns { now (ms), the run as in retries }
-- Cost  O(log n)
-- Role  operator
-- include: base letters retries audit
local filter = cjson.decode(ARGV[4])
filter.until_then = math.min(filter.until_then or now, now)
local source = ARGV[3] == '' and Q .. 'dead' or Q .. 'dead:fp:' .. ARGV[3]
local run = { state = 'running', why = '', fp = ARGV[3], filter = cjson.encode(filter), first = ARGV[6], rate = ARGV[7],
  threshold = ARGV[8], total = call('ZCARD', source), looked = 0, retried = 0, ok = 0, bad = 0, recent = '', started = now,
  step = now, by = ARGV[1], score = '', last = '', tat = '', base = 0 }
-- Of more than a hundred runs the oldest are no longer listed.
call('ZREMRANGEBYRANK', RETRIES, 0, -100)
write_run(ARGV[2], run)
audit(ARGV[1], ARGV[6] == '' and 'retry all' or 'retry staged', ARGV[5], run.total)
return { now, told_run(ARGV[2], run) }
