-- base: names that every script uses. The queue's hash is the one declared key; all others share its prefix and slot.
local call = redis.call
local floor = math.floor
local QUEUE = KEYS[1]
local Q = string.sub(QUEUE, 1, -6)
local TASK = Q .. 'task:'

local clock = call('TIME')
local now = clock[1] * 1000 + floor(clock[2] / 1000)

-- Calls a variadic command in pieces that fit Lua's stack.
local function variadic(command, key, list)
  local size = #list
  for first = 1, size, 4000 do
    call(command, key, unpack(list, first, math.min(first + 3999, size)))
  end
end

-- The list of that name in a table of lists, made when it is not there.
local function list_of(lists, name)
  local list = lists[name]
  if not list then
    list = {}
    lists[name] = list
  end
  return list
end

-- A whole number as text. Lua writes numbers by way of floating point, which costs as much as a command.
local function text_of(number)
  return string.format('%d', number)
end
