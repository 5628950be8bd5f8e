/** A refused login. The caller always gets the same message; the audit event holds the reason. */
import { Fault, unauthorized } from '#shared/errors/fault.ts';

export type LoginFailure = 'unknown' | 'wrong' | 'locked' | 'idle' | 'disabled' | 'expired';

export class LoginRefused extends Fault {
  readonly reason: LoginFailure;
  constructor(reason: LoginFailure, publicMessage?: string) {
    const { status, kind, message } = unauthorized(publicMessage);
    super(status, kind, message);
    this.reason = reason;
  }
}
