#!lua flags=allow-oom
-- steer_retry: stops a retry of many dead letters, or lets one go on that was stopped or whose process died. A staged run
-- that was stopped begins with a first few again.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 the run, 3 'stop' or 'resume'
-- Returns { now (ms), the run as in retries } or nothing if there is no such run
-- Cost  O(1)
-- Role  operator
-- include: base retries audit
local id = ARGV[2]
local run = read_run(id)
if not run then return {} end
if ARGV[3] == 'stop' and run.state == 'running' then
  run.state, run.why, run.step = 'stopped', 'hand', now
  write_run(id, run)
  audit(ARGV[1], 'stop retrying', 'retry ' .. id, tonumber(run.retried))
elseif ARGV[3] == 'resume' and run.state ~= 'done' then
  if run.state == 'stopped' then
    run.state, run.why, run.recent, run.tat, run.base = 'running', '', '', '', run.retried
    call('UNLINK', watch_key(id))
  end
  run.by = ARGV[1]
  run.step = now
  write_run(id, run)
  audit(ARGV[1], 'go on retrying', 'retry ' .. id, tonumber(run.retried))
end
return { now, told_run(id, run) }
