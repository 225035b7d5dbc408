-- audit: one entry for each operator's action, written by the script that does it. `actor` is who (JSON, as the caller
-- knows it); the server's own name for the connection's user cannot be asked inside a script. `asked` is on how many it
-- was to be done, if that is known; the result then tells whether some could not be.
local function audit(actor, action, target, size, asked)
  local stream = Q .. 'audit'
  local result = 'done'
  if asked and asked > size then result = string.format('done for %d of %d', size, asked) end
  call('XADD', stream, 'MAXLEN', '~', 1000, '*', 'actor', actor, 'action', action, 'target', target, 'count', size,
    'result', result)
  call('EXPIRE', stream, 7776000)
end

-- What the audit calls a group.
local function group_said(group)
  return group == '' and '(no group)' or group
end
