-- supposed: the rules as they would be after a change of strategy or order ('' for as it is). A change starts a new round.
local function suppose(strategy, order)
  local r = rules()
  if strategy == '' and order == '' then return end
  if strategy ~= '' then r.strategy = strategy end
  if order ~= '' then r.order = order end
  r.by_sequence = r.strategy == 'fifo' or r.strategy == 'lifo'
  r.by_time = r.strategy == 'round_robin' or r.strategy == 'dynamic'
  r.vtime, r.round = 0, ''
end
