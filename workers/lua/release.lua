-- id, attempt, retention in s, tombstone in s, error when lost too often, limit of losses,
-- cost (1 if the job may be to blame, else 0) -> 'queued', 'failed', or nil if the attempt is stale.
local id, attempt, keep = ARGV[1], ARGV[2], { tonumber(ARGV[3]), tonumber(ARGV[4]) }
if not mine(id, attempt) then
  return false
end
return give_back(id, tonumber(ARGV[7]), tonumber(ARGV[6]), keep, ARGV[5])
