#!lua flags=no-writes
-- find_dead: a window onto the dead letters of a queue or of one kind, by when they expire, through a filter.
-- KEYS  1 the queue's hash
-- ARGV  1 fingerprint or '' for all, 2 filter (JSON, see letters), 3 how many to look at (fewer with large arguments that
--       are searched for a text), 4 how many are wanted, then
--       either 5 'last', 6 the place to begin at, counted from the last, 7 an id to put the window around or '';
--       or     5 'first', 6 and 7 the score and id to begin after ('' '' for the beginning)
-- Returns { now (ms), how many there are, the place where it began, looked at, letters, score and id of the last looked at }
--       a letter is { id, '', fields as in page_row, fingerprint, pattern }
-- Cost  O(log n + looked at)
-- Role  viewer
-- include: base page_row letters
local source = ARGV[1] == '' and Q .. 'dead' or Q .. 'dead:fp:' .. ARGV[1]
local filter = cjson.decode(ARGV[2])
local look, wanted = tonumber(ARGV[3]), tonumber(ARGV[4])
local backwards = ARGV[5] == 'last'
local total = call('ZCARD', source)
local begin
if backwards then
  begin = tonumber(ARGV[6])
  if ARGV[7] ~= '' then
    local rank = call('ZREVRANK', source, ARGV[7])
    if rank then begin = math.max(0, rank - floor(look / 2)) end
  end
  begin = math.max(0, math.min(begin, total - 1))
else
  begin = ARGV[6] == '' and 0 or place_after(source, tonumber(ARGV[6]), ARGV[7])
end
local window = backwards and call('ZRANGE', source, begin, begin + look - 1, 'REV', 'WITHSCORES')
  or call('ZRANGE', source, begin, begin + look - 1, 'WITHSCORES')
local letters = {}
local looked = 0
for at = 1, #window, 2 do
  local id = window[at]
  looked = looked + 1
  if matches(id, filter) then
    local row = page_row(id, '')
    local kind = call('HMGET', TASK .. id, 'fp', 'pattern')
    row[4] = kind[1] or ''
    row[5] = kind[2] or ''
    letters[#letters + 1] = row
  end
  if #letters == wanted or searched_enough() then break end
end
return { now, total, begin, looked, letters, window[2 * looked] or ARGV[6], window[2 * looked - 1] or ARGV[7] }
