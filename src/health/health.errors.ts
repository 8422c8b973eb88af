import { AppError } from '../common/app-error.js';

export const HealthError = {
  metricsToken: () =>
    new AppError('unauthorized', 'metrics_token_invalid', 'Send METRICS_TOKEN as a bearer token.'),
};
