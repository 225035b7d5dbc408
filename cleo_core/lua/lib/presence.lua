-- presence: which workers are there, and that one left is told once, whoever notices.
local WORKERS = Q .. 'workers'

local function let_leave(worker, why)
  if call('ZREM', WORKERS, worker) == 0 then return 0 end
  emit('worker_left', '', '', '', worker, '', why)
  return 1
end

-- Tells of those that were not heard of for too long.
local function miss_workers(limit)
  for _, worker in ipairs(call('ZRANGE', WORKERS, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)) do
    let_leave(worker, 'was not heard of any more')
  end
end
