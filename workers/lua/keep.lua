-- id, kind, digest, caller, metadata, name of the idempotency key, fingerprint, life of that key in s,
-- outcome, engine, retention in s, tombstone in s -> {'new', 'replayed' or 'mismatch', id, '0'}.
-- A job that was solved at once, remembered for the sake of its idempotency key. Its result is staged already.
local id, caller, name, fingerprint = ARGV[1], ARGV[4], ARGV[6], ARGV[7]
local job, staged = key('job', id), key('staged', id .. ':0')
local no = earlier('job', name, fingerprint)
if no then
  redis.call('UNLINK', staged)
  return no
end
redis.call('RENAME', staged, key('result', id))
redis.call('HSET', key('answer', id), 'outcome', ARGV[9], 'engine', ARGV[10])
local sequence, time = redis.call('INCR', prefix .. 'sequence'), stamp(now())
redis.call('HSET', job, 'kind', ARGV[2], 'queue', '', 'digest', ARGV[3], 'caller', caller, 'state', 'running',
  'attempt', 0, 'losses', 0, 'items', 0, 'sequence', sequence, 'created_at', time, 'started_at', time, 'address', id)
if ARGV[5] ~= '' then
  redis.call('HSET', job, 'metadata', ARGV[5])
end
redis.call('ZADD', key('jobs', caller), sequence, id)
remember(name, id, fingerprint, tonumber(ARGV[8]))
close(id, 'succeeded', { tonumber(ARGV[11]), tonumber(ARGV[12]) })
return { 'new', id, '0' }
