-- id, retention in s, tombstone in s -> the state in which this leaves the job; nil if there is none.
local id = ARGV[1]
if redis.call('HEXISTS', key('job', id), 'batch') == 1 then
  return false -- a chunk is its batch's own affair
end
return cancel(id, 'canceled', { tonumber(ARGV[2]), tonumber(ARGV[3]) })
