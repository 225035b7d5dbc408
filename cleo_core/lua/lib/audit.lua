-- audit: one entry for each operator's action, written by the script that does it. `actor` is who (JSON, as the caller
-- knows it); the server's own name for the connection's user cannot be asked inside a script.
local function audit(actor, action, target, size)
  local stream = Q .. 'audit'
  call('XADD', stream, 'MAXLEN', '~', 1000, '*', 'actor', actor, 'action', action, 'target', target, 'count', size)
  call('EXPIRE', stream, 7776000)
end
