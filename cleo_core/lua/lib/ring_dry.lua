-- ring_dry: what ring.lua does, on tables: a scheduler that changes nothing. It knows only the groups that were put in.
local RING, BEFORE, THROTTLED, GROUPS = Q .. 'ring', Q .. 'ring:before', Q .. 'throttled', Q .. 'groups'
local dry_scores, dry_popped, dry_waiting, dry_running, dry_groups = {}, {}, {}, {}, {}

local function before(score, group, than, other)
  return score < than or (score == than and group < other)
end

local function first_two()
  local g, g2
  for group, score in pairs(dry_scores) do
    if not g or before(score, group, dry_scores[g], g) then
      g, g2 = group, g
    elseif not g2 or before(score, group, dry_scores[g2], g2) then
      g2 = group
    end
  end
  return g, dry_scores[g], g2, dry_scores[g2]
end

local function peek_lane(lane, size, newest)
  local first = dry_popped[lane] or 0
  if newest then return call('ZRANGE', lane, first, first + size - 1, 'REV', 'WITHSCORES') end
  return call('ZRANGE', lane, first, first + size - 1, 'WITHSCORES')
end

local function pop_lane(lane, size, newest)
  local entries = peek_lane(lane, size, newest)
  dry_popped[lane] = (dry_popped[lane] or 0) + #entries / 2
  return entries
end

local function waiting_of(group)
  return tonumber(call('ZSCORE', GROUPS, group) or 0) + (dry_waiting[group] or 0)
end

local function running_of(group)
  return call('SCARD', Q .. 'running:' .. group) + (dry_running[group] or 0)
end

local function add_waiting(group, by)
  dry_waiting[group] = (dry_waiting[group] or 0) + by
  return waiting_of(group)
end

local function add_running(group, ids)
  dry_running[group] = (dry_running[group] or 0) + #ids
end

local function read_group(group, fields)
  local values = call('HMGET', Q .. 'group:' .. group, unpack(fields))
  local changed = dry_groups[group]
  for i, field in ipairs(fields) do values[i] = changed and changed[field] or values[i] end
  return values
end

local function set_group(group, ...)
  local changes = { ... }
  local fields = list_of(dry_groups, group)
  for i = 1, #changes, 2 do fields[changes[i]] = tostring(changes[i + 1]) end
end

local function stand_in_ring(group, score) dry_scores[group] = score end
local function stand_aside(group) dry_scores[group] = nil end
local function stand_nowhere(group) dry_scores[group] = nil end
