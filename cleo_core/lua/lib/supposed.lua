-- supposed: the rules as they would be after a change of strategy or order ('' for as it is). A change of strategy starts a new
-- round. Returns whether the scores in the ring would be void.
local function suppose(strategy, order)
  local r = rules()
  local anew = strategy ~= '' and strategy ~= r.strategy
  local other_order = order ~= '' and order ~= r.order
  if anew then
    r.strategy = strategy
    r.by_sequence = strategy == 'fifo' or strategy == 'lifo'
    r.by_time = strategy == 'round_robin' or strategy == 'dynamic'
    r.vtime, r.round = 0, ''
  end
  if other_order then r.order = order end
  return anew or other_order and r.by_sequence
end
