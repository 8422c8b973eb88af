-- Fills an empty database of the server with bench.recipients recipients. Each has a challenge and
-- two messages; the first fifth also have an account with a device, a session and an event. All rows
-- are recent, so housekeeping keeps them.
set synchronous_commit = off;
set maintenance_work_mem = '512MB';

-- UUIDs of version 7, ordered by time, as the server makes them.
create function pg_temp.uuid7(at timestamptz) returns uuid language sql volatile as $$
  select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3)
    || '8' || substr(md5(random()::text), 1, 15))::uuid $$;

-- Drops the indexes of these tables, fills the tables and creates the indexes again.
create procedure pg_temp.without_indexes(tables text[], fill text[]) language plpgsql as $$
declare definition text; definitions text[]; name text; names text[];
begin
  select array_agg(indexdef), array_agg(indexname) into definitions, names from pg_indexes i
  where tablename = any (tables) and not exists (select from pg_constraint c where c.conname = i.indexname);
  foreach name in array names loop execute 'drop index ' || name; end loop;
  foreach definition in array fill loop execute definition; end loop;
  foreach definition in array definitions loop execute definition; end loop;
end $$;

call pg_temp.without_indexes(
  '{challenges,messages,users,devices,sessions,account_events}',
  array[
  -- Consumed challenges of the last twenty hours.
  $$insert into challenges (recipient, purpose, id, channel, code_hash, issued_at, expires_at, resend_at, consumed_at)
    select 'email:person-' || n || '@bench.test', 'login', pg_temp.uuid7(at), 'email', '\x00', at,
      at + interval '5 min', at + interval '1 min', at + interval '20 s'
    from (select n, now() - random() * interval '20 hours' as at
          from generate_series(0, current_setting('bench.recipients')::int - 1) n offset 0) as _$$,
  -- Delivered messages of the last four weeks.
  $$insert into messages (id, recipient, purpose, challenge_id, channel, template, state, attempts, provider, provider_ref,
      created_at, due_at, expires_at, finished_at, log)
    select id, 'email:person-' || n % current_setting('bench.recipients')::int || '@bench.test', 'login', id, 'email', 'code',
      'delivered', 1, 'postmark', gen_random_uuid(), at, at + interval '20 s', at + interval '5 min', at + interval '1 s',
      jsonb_build_array(jsonb_build_object('at', at, 'event', 'sent', 'provider', 'postmark'),
        jsonb_build_object('at', at, 'event', 'delivered', 'provider', 'postmark'))
    from (select n, at, pg_temp.uuid7(at) as id
          from (select n, now() - random() * interval '28 days' as at
                from generate_series(0, 2 * current_setting('bench.recipients')::int - 1) n offset 0) as _ offset 0) as _$$,
  $$insert into users (id, email, created_at)
    select pg_temp.uuid7(at), 'person-' || n || '@bench.test', at
    from (select n, now() - random() * interval '300 days' as at
          from generate_series(0, current_setting('bench.recipients')::int / 5 - 1) n offset 0) as _$$,
  $$insert into devices (id, user_id, token_hash, user_agent)
    select pg_temp.uuid7(now()), id, sha256(id::text::bytea), 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101'
    from users$$,
  $$insert into sessions (id, user_id, device_id, refresh_hash, amr, user_agent, ip, expires_at)
    select pg_temp.uuid7(now()), user_id, id, sha256(id::text::bytea), '{otp}', user_agent, '203.0.113.7',
      now() + interval '30 days'
    from devices$$,
  $$insert into account_events (id, user_id, action, succeeded, ip, user_agent, at)
    select pg_temp.uuid7(now()), user_id, 'sign_in', true, '203.0.113.7', user_agent, now() from devices$$
  ]);
