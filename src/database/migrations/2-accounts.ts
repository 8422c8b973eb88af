import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Accounts1763700000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // The e-mail address of a user is always a proved one; until then it is a registration's. A phone number may be
    // claimed by several users and proved by one. The operator class lets one index serve look-up and prefix search.
    await runner.query(`
      create table users (
        id uuid not null,
        email text,
        phone text,
        phone_verified_at timestamptz,
        username text,
        first_name text,
        last_name text,
        password_hash text,
        roles text[] not null default '{user}',
        disabled_at timestamptz,
        stamp integer not null default 0,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        constraint users_pkey primary key (id),
        constraint users_reachable check (email is not null or phone is not null)
      )`);
    await runner.query('create unique index users_email on users (email text_pattern_ops)');
    await runner.query('create index users_phone on users (phone text_pattern_ops)');
    await runner.query(
      'create unique index users_proved_phone on users (phone) where phone_verified_at is not null',
    );

    await runner.query(`
      create table registrations (
        email text not null,
        password_hash text,
        username text,
        first_name text,
        last_name text,
        phone text,
        contested boolean not null default false,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        constraint registrations_pkey primary key (email)
      )`);
    await runner.query('create index registrations_expiry on registrations (expires_at)');

    await runner.query(`
      create table password_guesses (
        who text not null,
        lane text not null default '',
        failures integer not null default 1,
        since timestamptz not null default now(),
        constraint password_guesses_pkey primary key (who, lane)
      ) with (fillfactor = 80)`);
    await runner.query('create index password_guesses_since on password_guesses (since)');

    await runner.query(`
      create table sealed_keys (
        name text not null,
        secret_id text not null,
        sealed bytea not null,
        created_at timestamptz not null default now(),
        constraint sealed_keys_pkey primary key (name)
      )`);

    await runner.query(`
      create table devices (
        id uuid not null,
        user_id uuid not null,
        token_hash bytea not null,
        user_agent text,
        created_at timestamptz not null default now(),
        last_used_at timestamptz not null default now(),
        constraint devices_pkey primary key (id),
        constraint devices_user_fkey foreign key (user_id) references users (id) on delete cascade
      )`);
    await runner.query('create index devices_user on devices (user_id)');
    await runner.query('create index devices_last_used on devices (last_used_at)');

    // A session is looked up by its primary key on every request; refreshing it is a heap-only update.
    await runner.query(`
      create table sessions (
        id uuid not null,
        user_id uuid not null,
        device_id uuid,
        refresh_hash bytea not null,
        previous_hash bytea,
        amr text[] not null,
        user_agent text,
        ip text,
        authenticated_at timestamptz not null default now(),
        rotated_at timestamptz,
        last_used_at timestamptz not null default now(),
        expires_at timestamptz not null,
        ended_at timestamptz,
        end_reason text,
        constraint sessions_pkey primary key (id),
        constraint sessions_user_fkey foreign key (user_id) references users (id) on delete cascade,
        constraint sessions_device_fkey foreign key (device_id) references devices (id) on delete set null
      ) with (fillfactor = 80)`);
    await runner.query('create index sessions_user on sessions (user_id)');
    await runner.query('create index sessions_device on sessions (device_id)');
    await runner.query('create index sessions_expiry on sessions (expires_at)');

    await runner.query(`
      create table contact_changes (
        id uuid not null,
        user_id uuid not null,
        field text not null,
        old_address text,
        token_hash bytea not null,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        constraint contact_changes_pkey primary key (id),
        constraint contact_changes_user_fkey foreign key (user_id) references users (id) on delete cascade
      )`);
    await runner.query('create unique index contact_changes_token on contact_changes (token_hash)');
    await runner.query('create index contact_changes_user on contact_changes (user_id)');
    await runner.query('create index contact_changes_expiry on contact_changes (expires_at)');

    await runner.query(`
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
      )`);
    await runner.query('create index customers_owner on customers (owner_id, id)');

    await runner.query(`
      create table account_events (
        id uuid not null,
        user_id uuid,
        action text not null,
        succeeded boolean not null,
        reason text,
        address text,
        ip text,
        user_agent text,
        at timestamptz not null default now(),
        constraint account_events_pkey primary key (id),
        constraint account_events_user_fkey foreign key (user_id) references users (id) on delete cascade
      )`);
    await runner.query('create index account_events_user on account_events (user_id, id)');
    await runner.query('create index account_events_at on account_events (at)');

    // What administrators did. No foreign key: it outlives the accounts it tells of, and it holds no personal data
    // of theirs. Nobody changes it, not even this server.
    await runner.query(`
      create table audit_entries (
        id uuid not null,
        actor_id uuid,
        action text not null,
        subject_id uuid,
        details jsonb not null default '{}',
        ip text,
        user_agent text,
        at timestamptz not null default now(),
        constraint audit_entries_pkey primary key (id)
      )`);
    await runner.query('create index audit_entries_actor on audit_entries (actor_id, id)');
    await runner.query('create index audit_entries_subject on audit_entries (subject_id, id)');
    await runner.query(`
      create function audit_is_append_only() returns trigger language plpgsql as $$
      begin
        raise exception 'audit_entries is append-only';
      end $$`);
    await runner.query(`
      create trigger audit_is_append_only before update or delete or truncate on audit_entries
      for each statement execute function audit_is_append_only()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [
      'audit_entries',
      'account_events',
      'customers',
      'contact_changes',
      'sessions',
      'devices',
      'sealed_keys',
      'password_guesses',
      'registrations',
      'users',
    ])
      await runner.query(`drop table ${table}`);
    await runner.query('drop function audit_is_append_only');
  }
}
