import { AppError } from '../common/app-error.js';

export const HealthError = {
  metricsToken: () =>
    new AppError('unauthorized', 'metrics_token_invalid', 'Show METRICS_TOKEN as a bearer token.'),
};
