-- id, retention in s, tombstone in s -> the state in which this leaves the job; nil if there is none.
local id = ARGV[1]
return cancel(id, 'canceled', { tonumber(ARGV[2]), tonumber(ARGV[3]) })
