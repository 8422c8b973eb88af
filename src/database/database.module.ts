import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { Config } from '../config/config.js';
import { embeddedPostgres } from './embedded-postgres.js';
import { Housekeeping } from './housekeeping.js';
import { migrate } from './migrate.js';
import { Schema1763700000001 } from './schema.js';
import { PoolMetrics } from './pool-metrics.js';
import { Sql } from './sql.js';

/**
 * PostgreSQL at `DATABASE_URL`, else the embedded database in `DATA_DIR`. Only migrations change
 * the schema.
 */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Config],
      useFactory: (config: Config) => ({
        ...connection(config),
        migrations: [Schema1763700000001],
        autoLoadEntities: true,
        logging: false,
      }),
      dataSourceFactory: async (options) => {
        const dataSource = await new DataSource(options as DataSourceOptions).initialize();
        await migrate(dataSource);
        return dataSource;
      },
    }),
  ],
  providers: [Sql, Housekeeping, PoolMetrics],
  exports: [Sql, Housekeeping],
})
export class DatabaseModule {}

/**
 * Every statement finds its rows by an index, so one plan per statement is good for all parameters
 * and table sizes. These options keep the planner from choosing others, also before the first
 * ANALYZE of a new database.
 */
const FIXED_PLANS = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off';

function connection(config: Config) {
  if (!config.DATABASE_URL) {
    return {
      type: 'postgres' as const,
      driver: embeddedPostgres(config.DATA_DIR),
      uuidExtension: 'pgcrypto' as const,
      installExtensions: false,
      retryAttempts: 0,
    };
  }
  return {
    type: 'postgres' as const,
    driver: pg,
    url: config.DATABASE_URL,
    poolSize: config.DATABASE_POOL_SIZE,
    applicationName: 'otp-auth-server',
    uuidExtension: 'pgcrypto' as const,
    installExtensions: false,
    // Longest wait for a connection and longest run of a statement. After either, the reply is 503.
    connectTimeoutMS: 5_000,
    extra: { statement_timeout: 10_000, query_timeout: 12_000, keepAlive: true, options: FIXED_PLANS },
    poolErrorHandler: () => undefined,
    // The database may start later than the server (Compose, a failover), so retry for half a
    // minute.
    retryAttempts: 15,
    retryDelay: 2_000,
  };
}
