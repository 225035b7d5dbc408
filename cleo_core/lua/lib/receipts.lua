-- receipts: what a worker holds for a claimed task, and what the server keeps of it in the hash "active". It is the first
-- half of every line that will tell of this attempt (see events), so that settling only adds the second half:
--   ["id","name","group",fence,attempt,"worker",wait
-- A settle must bring the very receipt that is kept: a claim after it has another fence and so another receipt.
local ACTIVE = Q .. 'active'
local LEASES = Q .. 'leases'

local quoted = setmetatable({}, {
  __index = function(known, text)
    local quoted_text = cjson.encode(text)
    known[text] = quoted_text
    return quoted_text
  end,
})

-- Blanks make every receipt longer than 64 bytes: with shorter values the server would keep the hash as one flat list and
-- search it from end to end (hash-max-listpack-value).
local function write_receipt(id, name, group, fence, attempt, worker, wait)
  return string.format('[%s,%s,%s,%d,%d,%s,%-48d', cjson.encode(id), quoted[name], quoted[group], fence, attempt,
    quoted[worker], wait)
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
