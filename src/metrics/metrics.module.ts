import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Metrics } from './metrics.js';

@Global()
@Module({})
export class MetricsModule {
  /** Takes an instance, because the HTTP layer needs it before the application is created. */
  static with(metrics: Metrics): DynamicModule {
    return {
      module: MetricsModule,
      providers: [{ provide: Metrics, useValue: metrics }],
      exports: [Metrics],
    };
  }
}
