import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';

@Module({})
export class HealthModule {
  static with({ production, METRICS_TOKEN }: Config): DynamicModule {
    const showsMetrics = !production || METRICS_TOKEN !== undefined;
    return {
      module: HealthModule,
      controllers: [HealthController, ...(showsMetrics ? [MetricsController] : [])],
    };
  }
}
