import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SendAndCheck1763700000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // One row per recipient, purpose and lane: cooldown, attempts and budgets are decided by its row lock.
    // Fill factor and the lack of other indexes keep a verify a heap-only update; expires_at changes with a new
    // code only, so its index costs a verify nothing.
    await runner.query(`
      create table challenges (
        recipient text not null,
        purpose text not null,
        lane text not null default '',
        id uuid not null,
        channel text not null,
        code_hash bytea not null,
        code_sealed bytea,
        context_hash text,
        issued_at timestamptz not null,
        expires_at timestamptz not null,
        resend_at timestamptz not null,
        consumed_at timestamptz,
        attempts smallint not null default 0,
        failures integer not null default 0,
        failures_since timestamptz not null default now(),
        sends integer not null default 1,
        sends_since timestamptz not null default now(),
        constraint challenges_pkey primary key (recipient, purpose, lane)
      ) with (fillfactor = 80)`);
    await runner.query('create index challenges_expiry on challenges (expires_at)');

    await runner.query(`
      create table messages (
        id uuid not null,
        recipient text not null,
        purpose text not null,
        lane text not null default '',
        challenge_id uuid,
        channel text not null,
        template text not null,
        sealed bytea,
        state text not null,
        attempts smallint not null default 0,
        failure text,
        provider text,
        provider_ref text,
        created_at timestamptz not null default now(),
        due_at timestamptz not null,
        expires_at timestamptz not null,
        finished_at timestamptz,
        constraint messages_pkey primary key (id)
      ) with (fillfactor = 80)`);
    await runner.query(
      `create index messages_due on messages (channel, due_at) where state in ('queued', 'sending')`,
    );
    await runner.query('create index messages_challenge on messages (challenge_id)');

    await runner.query(`
      create table signing_keys (
        period integer not null,
        secret_id text not null,
        kid text not null,
        public_jwk jsonb not null,
        private_sealed bytea not null,
        created_at timestamptz not null default now(),
        constraint signing_keys_pkey primary key (period, secret_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table signing_keys');
    await runner.query('drop table messages');
    await runner.query('drop table challenges');
  }
}
