-- receipts: what a worker holds for a claimed task, and what the server keeps of it in the hash "active". It is the first
-- half of every line that will tell of this attempt (see events), so that settling only adds the second half:
--   ["id","name","group",fence,attempt,"worker",wait
-- A settle must bring the very receipt that is kept: a claim after it has another fence and so another receipt.
local ACTIVE = Q .. 'active'
local LEASES = Q .. 'leases'

local function write_receipt(id, name, group, fence, attempt, worker, wait)
  local line = cjson.encode({ id, name, group, fence, attempt, worker, wait })
  return string.sub(line, 1, -2)
end

-- A receipt as its seven values.
local function read_receipt(receipt)
  return unpack(cjson.decode(receipt .. ']'))
end

-- The line that ends an attempt.
local function line_of(receipt, kind, state, run, outcome, error_type, message)
  local rest = cjson.encode({ kind, state, now, tonumber(run), outcome, error_type or '', message or '' })
  return receipt .. ',' .. string.sub(rest, 2)
end

local function drop_receipts(ids)
  if #ids == 0 then return end
  variadic('HDEL', ACTIVE, ids)
  variadic('ZREM', LEASES, ids)
end
