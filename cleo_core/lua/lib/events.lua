-- events: what happened in this call, told once at its end: to the capped stream, then to who listens.
-- Every event and every history entry is one line of JSON, an array of
--   1 id, 2 name, 3 group, 4 fence, 5 attempt, 6 worker, 7 wait (ms), 8 kind, 9 state, 10 at (ms), 11 run (us),
--   12 outcome, 13 error type, 14 message
-- An entry of the stream holds at most 100. "events" in the queue's hash counts them all, so that a listener knows how
-- many it missed.
local lines = {}

local function emit_line(line)
  lines[#lines + 1] = line
end

local function emit(kind, id, name, group, worker, state, message)
  emit_line(cjson.encode({ id, name, group, 0, 0, worker, 0, kind, state, now, 0, '', '', message or '' }))
end

local function publish_events()
  local total = #lines
  if total == 0 then return end
  local number = call('HINCRBY', QUEUE, 'events', total) - total
  local stream = Q .. 'events'
  for first = 1, total, 100 do
    local body = '[' .. table.concat(lines, ',', first, math.min(first + 99, total)) .. ']'
    local entry = call('XADD', stream, 'MAXLEN', '~', 500, '*', 'n', number + first, 'e', body)
    call('PUBLISH', stream, '["' .. entry .. '",' .. text_of(number + first) .. ',' .. body .. ']')
  end
  call('EXPIRE', stream, 86400)
end
