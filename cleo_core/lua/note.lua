#!lua flags=allow-oom
-- note: an entry in the audit of what is of no queue.
-- KEYS  1 the stream; its name ends in "audit" as the hash of a queue ends in "queue", so that the pieces fit both
-- ARGV  1 actor (JSON), 2 action, 3 target, 4 count
-- Returns nothing
-- Cost  O(1)
-- Role  operator
-- include: base audit
audit(ARGV[1], ARGV[2], ARGV[3], ARGV[4])
