import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Config } from '../config/config.js';
import { connectionOptions } from './connection.js';
import { Housekeeping } from './housekeeping.js';
import { openDatabase, type DatabaseOptions } from './open-database.js';
import { PoolMetrics } from './pool-metrics.js';
import { Schema1763700000001 } from './schema.js';
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
        ...connectionOptions(config),
        migrations: [Schema1763700000001],
        autoLoadEntities: true,
        logging: false,
        // `openDatabase` retries and says why. Nest would retry everything and not give a reason.
        toRetry: () => false,
      }),
      dataSourceFactory: (options) => openDatabase(options as DatabaseOptions),
    }),
  ],
  providers: [Sql, Housekeeping, PoolMetrics],
  exports: [Sql, Housekeeping],
})
export class DatabaseModule {}
