import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Repeats1763700000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // The first message of a code has its challenge's id now and is found by its primary key, so only the others need
    // an entry. Those from before that have ids of their own and are entered as well. To drop comes first, for it takes
    // the stronger lock, and one that is raised later may wait for who waits for it.
    await runner.query('drop index messages_challenge');
    await runner.query('create index messages_repeats on messages (challenge_id) where challenge_id <> id');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index messages_repeats');
    await runner.query(
      'create index messages_challenge on messages (challenge_id) where challenge_id is not null',
    );
  }
}
