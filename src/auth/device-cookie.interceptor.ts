import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { tap, type Observable } from 'rxjs';
import { DEVICE_COOKIE } from '../common/client.js';
import { Config } from '../config/config.js';

const DAYS_180 = 180 * 86_400;

/** Gives browsers the device token of a sign-in as a cookie too. It signs nobody in, so a forged request gains nothing. */
@Injectable()
export class DeviceCookieInterceptor implements NestInterceptor {
  constructor(private readonly config: Config) {}

  intercept(context: ExecutionContext, next: CallHandler<{ deviceToken?: string }>): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const secure = this.config.publicUrl.startsWith('https:') ? '; Secure' : '';
    return next.handle().pipe(
      tap(({ deviceToken }) => {
        if (!deviceToken) return;
        const cookie = `${DEVICE_COOKIE}=${deviceToken}; Path=/; Max-Age=${DAYS_180}; HttpOnly; SameSite=Lax${secure}`;
        void reply.header('set-cookie', cookie);
      }),
    );
  }
}
