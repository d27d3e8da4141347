-- id, kind, digest, caller, metadata, name of the idempotency key, fingerprint, life of that key in s,
-- outcome, engine, retention in s, tombstone in s -> {'new', 'replayed' or 'mismatch', id, '0'}.
-- A job that was solved at once, remembered for the sake of its idempotency key. Its result and input are staged already.
local id, caller, name, fingerprint = ARGV[1], ARGV[4], ARGV[6], ARGV[7]
local staged = key('staged', id .. ':0')
local no = earlier('job', name, fingerprint)
if no then
  redis.call('UNLINK', staged, key('payload', id))
  return no
end
redis.call('RENAME', staged, key('result', id))
redis.call('HSET', key('answer', id), 'outcome', ARGV[9], 'engine', ARGV[10])
local sequence = create(id, ARGV[2], '', caller, ARGV[3], 0, 'started_at', stamp(now()), 'address', id)
redis.call('ZADD', key('jobs', caller), sequence, id)
note('job', id, 'metadata', ARGV[5])
remember(name, id, fingerprint, tonumber(ARGV[8]))
close(id, 'succeeded', { tonumber(ARGV[11]), tonumber(ARGV[12]) })
return { 'new', id, '0' }
