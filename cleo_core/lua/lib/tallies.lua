-- tallies: the minute's counters of each group, worker and task name, added up over the call and written once a field.
-- At most so many of a kind as `keeping` says have a hash of their own in a minute, `minute:<minute>:g:<group>`; the
-- others share `minute:<minute>:g+`. The set `minute:<minute>:g` names those that have.
-- None counts "completed": each attempt that ran is in a bucket, and completed if it did not fail. That saves a write a task.
local tallies = {}
local last_worker, last_group, last_name, last_tally

-- The name in a receipt. A pattern finds it unless something in it is escaped.
local function name_of(receipt)
  return string.match(receipt, '^%["[^"\\]*","([^"\\]*)"') or cjson.decode(receipt .. ']')[2]
end

local function tally_of(worker, group, name)
  if worker ~= last_worker or group ~= last_group or name ~= last_name then
    last_worker, last_group, last_name = worker, group, name
    last_tally = list_of(list_of(list_of(tallies, worker), group), name)
  end
  return last_tally
end

local function tally_wait(worker, group, name, field)
  local tally = tally_of(worker, group, name)
  tally[field] = (tally[field] or 0) + 1
end

-- `run` (us) and its bucket's `field` are nil for what was cut short; `also` is a second count, `fingerprint` of an error.
local function tally_end(worker, group, receipt, outcome, run, field, also, fingerprint)
  local tally = tally_of(worker, group, name_of(receipt))
  if outcome ~= 'completed' then tally[outcome] = (tally[outcome] or 0) + 1 end
  if run then
    tally[field] = (tally[field] or 0) + 1
    tally.t = (tally.t or 0) + run
    minute.t = (minute.t or 0) + run
  end
  if also then tally[also] = (tally[also] or 0) + 1 end
  if fingerprint and fingerprint ~= '' then
    local error_field = '!' .. fingerprint
    tally[error_field] = (tally[error_field] or 0) + 1
    minute[error_field] = (minute[error_field] or 0) + 1
  end
end

local function add_up(into, fields)
  for field, by in pairs(fields) do into[field] = (into[field] or 0) + by end
end

local function write_kind(kind, tally_by_name, most)
  local all = Q .. 'minute:' .. text_of(floor(now / 60000)) .. ':' .. kind
  local names = {}
  for name in pairs(tally_by_name) do names[#names + 1] = name end
  local size = call('SCARD', all)
  local known = size + #names > most and call('SMISMEMBER', all, unpack(names))
  local others = {}
  for i, name in ipairs(names) do
    local own = not known or known[i] == 1
    if not own and size < most then
      own = true
      size = size + 1
    end
    local key = all .. ':' .. name
    if not own then
      add_up(others, tally_by_name[name])
    elseif add_fields(key, tally_by_name[name]) and call('SADD', all, name) == 1 then
      call('EXPIRE', key, 172800)
      call('EXPIRE', all, 172800)
    end
  end
  if next(others) and add_fields(all .. '+', others) then call('EXPIRE', all .. '+', 172800) end
end

local function write_tallies()
  if not next(tallies) then return end
  local most = keeping()
  local kinds = { g = {}, w = {}, n = {} }
  for worker, groups in pairs(tallies) do
    for group, names in pairs(groups) do
      for name, tally in pairs(names) do
        if most.w > 0 then add_up(list_of(kinds.w, worker), tally) end
        if most.n > 0 then add_up(list_of(kinds.n, name), tally) end
        if most.g > 0 and not kinds.g[group] then
          kinds.g[group] = tally
        elseif most.g > 0 then
          add_up(kinds.g[group], tally)
        end
      end
    end
  end
  for kind, by_name in pairs(kinds) do
    if next(by_name) then write_kind(kind, by_name, most[kind]) end
  end
end
