import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The data model. Text columns that identify a row compare bytewise (collate "C"): comparing is
 * cheaper, and no update of the system's collation rules can corrupt the order of an index.
 */
const SCHEMA = `
-- One row per recipient, purpose and lane. Its row lock decides cooldown, attempts and guesses.
-- The fill factor and the single secondary index keep a verify a heap-only update: expires_at only
-- changes with a new code.
create table challenges (
  recipient text collate "C" not null,
  purpose text collate "C" not null,
  lane text collate "C" not null default '',  -- '' is the public lane
  id uuid not null,                           -- public handle of the live code, not a secret
  channel text not null,                      -- of the newest message
  undeliverable_channels text[],              -- of the current wait; they do not reach the number
  code_hash bytea not null,                   -- what a verify compares
  code_sealed bytea,                          -- for delivery and resend; wiped when the code ends
  context_hash text,                          -- digest of what the code approves
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  previous_id uuid,                           -- the challenge before this one; its link still works
  previous_code_hash bytea,                   -- its code, right until its own end
  previous_expires_at timestamptz,
  application_id text,                        -- asked for the newest code; null: no application
  metadata jsonb,                             -- of the application, for its proof
  previous_application_id text,               -- the same for the code before this one
  previous_metadata jsonb,
  resend_at timestamptz not null,
  consumed_at timestamptz,
  attempts smallint not null default 0,       -- guesses at this code and the previous one
  failures integer not null default 0,        -- wrong guesses in the window, over all its codes
  failures_since timestamptz not null default now(),
  failed_at timestamptz,                      -- the last wrong guess
  constraint challenges_pkey primary key (recipient, purpose, lane)
) with (fillfactor = 80);
create index challenges_expiry on challenges (expires_at);

-- The outbox: one row per message, from the statement that creates it to the vendor's receipt.
create table messages (
  id uuid not null,
  recipient text collate "C" not null,
  purpose text collate "C" not null,
  lane text collate "C" not null default '',
  challenge_id uuid,              -- its own id, or the challenge whose code it repeats; null: notice
  channel text collate "C" not null,
  template text not null,
  sealed bytea,                   -- template content; wiped when the message is finished
  from_device boolean not null default false,  -- a recognised device asked for it
  application_id text,            -- asked for it; null: no application
  metadata jsonb,                 -- of the application
  verdict text,                   -- of the budgets; null: a notice, or nothing was charged
  price integer,                  -- what the budgets were charged, in millionths
  real_price integer,             -- what a receipt says it cost; null: not known
  state text not null,            -- see MessageState
  attempts smallint not null default 0,
  failure text,                   -- why the last attempt failed
  provider text,
  provider_ref text,              -- the vendor's id of the message
  created_at timestamptz not null default now(),
  due_at timestamptz not null,    -- when any process may take it: lease, retry or receipt time-out
  expires_at timestamptz not null,
  finished_at timestamptz,
  log jsonb not null default '[]',  -- see LogEntry
  constraint messages_pkey primary key (id)
) with (fillfactor = 80);
-- One index for codes and one for notices, so that a sweep finds either without reading the other.
create index messages_due_codes on messages (channel, due_at)
  where sealed is not null and challenge_id is not null;
create index messages_due_notices on messages (channel, due_at)
  where sealed is not null and challenge_id is null;
-- The first message of a challenge has its id and is found by primary key; this finds the others.
create index messages_repeats on messages (challenge_id) where challenge_id <> id;
create index messages_recipient on messages (recipient, created_at);
create index messages_finished on messages (finished_at) where finished_at is not null;

-- Recipients that bounced, complained or opted out: nothing is sent to them.
create table suppressions (
  recipient text collate "C" not null,
  reason text not null,           -- see SuppressionReason
  provider text not null,         -- the vendor that reported it and can lift it
  created_at timestamptz not null default now(),
  constraint suppressions_pkey primary key (recipient)
);

-- Programs that may call this server. Deleting one leaves its id in other tables.
create table applications (
  id text collate "C" not null,   -- sorts by time; public
  name text not null,
  kind text not null,             -- 'server' or 'browser'
  secret_hash bytea,              -- SHA-256 of the secret; null: a browser has none
  previous_secret_hash bytea,     -- of the one before it, right until its own end
  previous_secret_expires_at timestamptz,
  purposes text[],                -- null: all; the same for channels and countries
  channels text[],
  countries text[],
  origins text[] not null default '{}',  -- of the pages of a browser application
  audience text,                  -- \`aud\` of its proofs; null: that of the server
  brand_name text,                -- the sender's name in its messages; null: that of the server
  sms_host text,                  -- in the last line of its SMS; null: the host of the server
  limits jsonb not null,          -- see ApplicationLimits
  created_at timestamptz not null default now(),
  disabled_at timestamptz,
  constraint applications_pkey primary key (id)
);

-- Answers to requests with an Idempotency-Key, for ten minutes. Nothing in a row names a person.
create table idempotency_keys (
  key_hash bytea not null,        -- SHA-256 of caller, route and key
  fingerprint bytea not null,     -- MAC of the body
  claim_id uuid not null,         -- of the request that has the key
  leased_until timestamptz not null,  -- without an answer, a repetition takes over from then on
  answer bytea,                   -- sealed; only a request with the same key and body can open it
  expires_at timestamptz not null,
  constraint idempotency_keys_pkey primary key (key_hash)
);
create index idempotency_keys_expiry on idempotency_keys (expires_at);

-- Proofs that were redeemed, until they have expired.
create table redeemed_proofs (
  jti uuid not null,
  expires_at timestamptz not null,
  constraint redeemed_proofs_pkey primary key (jti)
);
create index redeemed_proofs_expiry on redeemed_proofs (expires_at);

-- An e-mail address in users is verified; until then it is in registrations. Only an invited user has
-- an address that is not verified yet, and nobody can sign in without verifying it. Several users may
-- claim a phone number, and one can verify it.
create table users (
  id uuid not null,
  email text collate "C",
  phone text collate "C",
  phone_verified_at timestamptz,
  pending_email text collate "C", -- the newest requested change; null: none
  pending_phone text collate "C",
  username text,
  first_name text,
  last_name text,
  password_hash text,             -- null: signs in by code only
  roles text[] not null default '{user}',
  invited_roles text[],           -- replace roles once the address is verified; null: it is
  invitation_hash bytea,          -- SHA-256 of the invitation link's token
  invitation_expires_at timestamptz,
  disabled_at timestamptz,
  closed_at timestamptz,          -- the owner deleted the account; it is erased 72 hours later
  closure_id uuid,                -- of this deletion; the undo link is bound to it
  is_test boolean not null default false,  -- made with the known code of a test identity
  security_stamp integer not null default 0,  -- rises with every change that ends sessions
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_pkey primary key (id),
  constraint users_reachable check (email is not null or phone is not null)
);
-- text_pattern_ops serves look-up and prefix search with one index.
create unique index users_email on users (email text_pattern_ops);
create index users_phone on users (phone text_pattern_ops);
create unique index users_verified_phone on users (phone) where phone_verified_at is not null;
create index users_closed on users (closed_at) where closed_at is not null;
create index users_administrators on users (id)
  where 'admin' = any (roles) and disabled_at is null and closed_at is null;
create unique index users_invitation on users (invitation_hash) where invitation_hash is not null;

-- What was given for an address that is not verified yet.
create table registrations (
  email text collate "C" not null,
  password_hash text,
  username text,
  first_name text,
  last_name text,
  phone text,
  contested boolean not null default false,  -- two different registrations: none of the data is kept
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint registrations_pkey primary key (email)
);
create index registrations_expiry on registrations (expires_at);

-- Proofs of work that were used, until they expire.
create table used_proofs (
  signature bytea not null,       -- of the challenge
  expires_at timestamptz not null,
  constraint used_proofs_pkey primary key (signature)
);
create index used_proofs_expiry on used_proofs (expires_at);

-- What callers have used of their budgets: one row per recipient, network, prefix, country,
-- application and account, one for passwords per account and network, and one for the money. Windows
-- begin with the first count, and a count after their end begins a new one. There is no secondary
-- index and half of each page is free, so that every count is a heap-only update.
create table budget_counters (
  key text collate "C" not null,    -- see budget-keys.ts
  hour_start timestamptz not null default now(),  -- of an application: the minute
  hour_sent integer not null default 0,           -- messages; of a scope: recipients with messages
  hour_verified integer not null default 0,       -- right codes; of a scope: recipients with one
  hour_spent bigint not null default 0,           -- millionths of the unit of PHONE_PRICES
  day_start timestamptz not null default now(),
  day_sent integer not null default 0,            -- of a password: guesses that were not right
  day_verified integer not null default 0,
  day_spent bigint not null default 0,
  recognised integer not null default 0,  -- of a recipient: messages for recognised devices in the day
  fresh smallint not null default 0,      -- of a recipient: see CHARGE
  members text[] not null default '{}',   -- of a recipient: networks that asked; of an account: addresses
  constraint budget_counters_pkey primary key (key)
) with (fillfactor = 50);

-- What administrators block, and what they exempt from the limits per network, prefix and country.
create table fraud_rules (
  id uuid not null,
  effect text collate "C" not null,  -- 'block' or 'safe'
  scope text collate "C" not null,   -- 'prefix', 'country' or 'network'
  value text collate "C" not null,
  reason text not null,
  created_by uuid,                -- the administrator
  created_at timestamptz not null default now(),
  until timestamptz,              -- null: until it is removed
  constraint fraud_rules_pkey primary key (id),
  constraint fraud_rules_value unique (effect, scope, value)
);

-- Keys that outlive a rotation of APP_SECRET: created once, sealed again under each new secret.
create table sealed_keys (
  name text collate "C" not null,
  secret_id text not null,        -- names the APP_SECRET that it is sealed under
  sealed bytea not null,
  created_at timestamptz not null default now(),
  constraint sealed_keys_pkey primary key (name)
);

-- Key pairs that sign tokens, one per period and APP_SECRET. There is no column for the public key,
-- because it must be derived from the sealed private key to be trusted.
create table signing_keys (
  period integer not null,        -- number of 30-day periods since 1970
  secret_id text collate "C" not null,
  kid text not null,
  private_sealed bytea not null,  -- bound to the columns above
  created_at timestamptz not null default now(),
  constraint signing_keys_pkey primary key (period, secret_id)
);

-- Browsers and apps that a user signed in with.
create table devices (
  id uuid not null,
  user_id uuid not null,
  token_hash bytea not null,      -- SHA-256 of the newest device token
  previous_hash bytea,            -- of the one before it, still recognised
  token_salt uuid,                -- what the newest token was derived with from the one before it
  network text,                   -- of the client at the last sign-in
  program text,
  user_agent text,
  created_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  constraint devices_pkey primary key (id),
  constraint devices_user_fkey foreign key (user_id) references users (id) on delete cascade
);
create index devices_user on devices (user_id);
create index devices_last_used on devices (last_used_at);

-- One row per sign-in. Every authenticated request reads it by primary key; a refresh is a
-- heap-only update.
create table sessions (
  id uuid not null,
  user_id uuid not null,
  device_id uuid,
  refresh_hash bytea not null,    -- SHA-256 of the current refresh token
  previous_hash bytea,            -- of its predecessor, accepted for ten more seconds or as a retry
  successor_salt uuid,            -- what the current token was derived with from its predecessor
  amr text[] not null,            -- how the user signed in (RFC 8176)
  user_agent text,
  ip text,
  authenticated_at timestamptz not null default now(),
  rotated_at timestamptz,         -- when the predecessor was first presented
  network text,                   -- of the client at the last refresh, with program the evidence of
  program text,                   -- a retry; null: unknown
  last_used_at timestamptz not null default now(),
  expires_at timestamptz not null,  -- absolute end; ending a session moves it to now
  ended_at timestamptz,
  end_reason text,
  constraint sessions_pkey primary key (id),
  constraint sessions_user_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint sessions_device_fkey foreign key (device_id) references devices (id) on delete set null
) with (fillfactor = 80);
create index sessions_user on sessions (user_id);
create index sessions_device on sessions (device_id);
create index sessions_expiry on sessions (expires_at);

-- Changed addresses that the previous owner can still restore. The undo link carries a MAC of the id.
create table contact_changes (
  id uuid not null,
  user_id uuid not null,
  field text not null,            -- 'email' or 'phone'
  old_address text collate "C",
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint contact_changes_pkey primary key (id),
  constraint contact_changes_user_fkey foreign key (user_id) references users (id) on delete cascade
);
create index contact_changes_old_address on contact_changes (old_address) where old_address is not null;
create index contact_changes_user on contact_changes (user_id);
create index contact_changes_expiry on contact_changes (expires_at);
-- While a change can be undone, no other account gets the old address. Fires after the row is in the
-- unique index: whoever waited there for the change then sees it, because each query of a volatile
-- function has a new snapshot. A condition in the statement itself would still miss it.
create function users_keep_old_addresses() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and (new.email, new.phone, new.phone_verified_at)
      is not distinct from (old.email, old.phone, old.phone_verified_at) then
    return null;
  end if;
  if exists (
    select from contact_changes c
    where c.old_address in (new.email, new.phone) and c.user_id <> new.id and c.expires_at > now()
      and (c.field = 'email' or new.phone_verified_at is not null)) then
    raise unique_violation using message = 'this address can be restored to another account';
  end if;
  return null;
end $$;
-- Without a list of columns, because PostgreSQL cannot change the type of a column in such a list.
create trigger users_keep_old_addresses after insert or update on users
  for each row execute function users_keep_old_addresses();

-- Addresses that accounts had or asked to change to, as long as messages are kept, so that an erasure
-- finds the rows under them.
create table address_history (
  user_id uuid not null,
  recipient text collate "C" not null,
  proved boolean not null,        -- the account had the address; false: it only asked for it
  last_at timestamptz not null default now(),
  constraint address_history_pkey primary key (user_id, recipient),
  constraint address_history_user_fkey foreign key (user_id) references users (id) on delete cascade
);
create index address_history_last_at on address_history (last_at);

-- Contact records that belong to the user who created them.
create table customers (
  id uuid not null,
  owner_id uuid not null,
  name text,
  contact text,
  address text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint customers_pkey primary key (id),
  constraint customers_owner_fkey foreign key (owner_id) references users (id) on delete cascade
);
create index customers_owner on customers (owner_id, id);

-- How many customers each user has. The row's lock makes the limit exact.
create table customer_counts (
  owner_id uuid not null,
  customers integer not null,
  constraint customer_counts_pkey primary key (owner_id),
  constraint customer_counts_owner_fkey foreign key (owner_id) references users (id) on delete cascade
);

-- What happened to accounts, for their owners. Kept for 90 days.
create table account_events (
  id uuid not null,               -- UUID v7: sorts by time
  user_id uuid not null,
  action text not null,
  succeeded boolean not null,
  reason text,                    -- error code of the refusal; 'test' for a test identity
  address text,                   -- masked
  ip text,
  user_agent text,
  application_id text,            -- that the request came from; null: none
  at timestamptz not null default now(),
  constraint account_events_pkey primary key (id),
  constraint account_events_user_fkey foreign key (user_id) references users (id) on delete cascade
);
create index account_events_user on account_events (user_id, id);
create index account_events_at on account_events (at);

-- How often something happened at addresses without an account, per hour. Contains nothing about the
-- address or the client. Kept for 90 days.
create table anonymous_events (
  hour timestamptz not null,
  action text collate "C" not null,
  reason text collate "C" not null, -- error code of the refusal; '' for a success
  shard smallint not null,        -- spreads parallel counts over several rows
  count bigint not null default 1,
  constraint anonymous_events_pkey primary key (hour, action, reason, shard)
) with (fillfactor = 80);

-- What administrators did and whose data they read, for good. No foreign keys, because entries
-- outlive the accounts they name, and no personal data of these. A trigger refuses every change, and
-- each entry holds the hash of the one before, so that a change past the trigger is noticed.
create table audit_entries (
  seq bigint not null,            -- 1, 2, 3: the place in the chain
  id uuid not null,               -- UUID v7: sorts by time
  actor_id uuid,                  -- null: the command line
  action text not null,
  subject_id uuid,
  details jsonb not null default '{}',
  ip text,
  user_agent text,
  application_id text,            -- that the request came from; null: none
  at timestamptz not null default now(),
  previous_hash bytea,            -- null: the first entry
  hash bytea not null,            -- SHA-256 of all columns above; entryHash computes it again
  constraint audit_entries_pkey primary key (id)
);
create unique index audit_entries_seq on audit_entries (seq);
create index audit_entries_actor on audit_entries (actor_id, id);
create index audit_entries_subject on audit_entries (subject_id, id);
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'audit_entries is append-only';
end $$;
create trigger audit_is_append_only before update or delete or truncate on audit_entries
  for each statement execute function audit_is_append_only();
-- Entries of all processes wait here for each other until their transactions end. Every query of a
-- volatile function sees what was committed before it, so the second one reads the entry of the
-- first. Take this lock last in a transaction. Each column counts with its length, so that no two
-- entries give the same text.
create function audit_chain() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(7046029255);
  select seq, hash into new.seq, new.previous_hash from audit_entries order by seq desc limit 1;
  new.seq := coalesce(new.seq, 0) + 1;
  new.hash := (
    select sha256(convert_to(string_agg(coalesce(octet_length(value) || ':' || value, '-'), ',' order by place), 'UTF8'))
    from unnest(array[new.seq::text, new.id::text, new.actor_id::text, new.action, new.subject_id::text,
      new.details::text, new.ip, new.user_agent, new.application_id,
      to_char(new.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), encode(new.previous_hash, 'hex')])
      with ordinality as columns(value, place));
  return new;
end $$;
create trigger audit_chain before insert on audit_entries for each row execute function audit_chain();
`;

/** Creates the schema. From version 1.0 on it is frozen, and changes are added as migrations. */
export class Schema1763700000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SCHEMA);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table fraud_rules, budget_counters, audit_entries, anonymous_events, account_events, customer_counts,
        customers, applications, idempotency_keys, redeemed_proofs, address_history, contact_changes, sessions,
        devices, signing_keys, sealed_keys, used_proofs, registrations, users, suppressions, messages, challenges;
      drop function audit_is_append_only, audit_chain, users_keep_old_addresses`);
  }
}
