#!lua flags=allow-oom
-- report: progress and log lines of running tasks.
-- KEYS  1 the queue's hash
-- ARGV  5 a report: id, receipt, fraction ('' if none), text, log texts (a JSON array, '' if none)
-- Returns one number a report: 1 taken, 0 the lease was lost
-- Cost  O(reports)
-- Role  worker
-- include: base events receipts
local answers = {}

local function add_log(key, texts)
  local lines = {}
  lines[1] = call('HGET', key, 'log') or nil
  for _, text in ipairs(cjson.decode(texts)) do lines[#lines + 1] = cjson.encode({ now, text }) end
  local log = table.concat(lines, '\n')
  -- The last 16 KiB, whole lines.
  if #log > 16384 then log = string.gsub(string.sub(log, -16384), '^[^\n]*\n', '', 1) end
  call('HSET', key, 'log', log)
end

for at = 1, #ARGV, 5 do
  local id, receipt, fraction, text, texts = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local key = TASK .. id
  if call('HGET', ACTIVE, id) == receipt then
    answers[#answers + 1] = 1
    if fraction ~= '' then
      call('HSET', key, 'progress', cjson.encode({ tonumber(fraction), text, now }))
      emit_line(line_of(receipt, 'task_progress', 'active', 0, '', fraction, text))
    end
    if texts ~= '' then add_log(key, texts) end
  else
    answers[#answers + 1] = 0
  end
end
publish_events()
return answers
