/** A login that is refused: the caller hears the same words every time, the audit hears why. */
import { Fault, unauthorized } from '#shared/errors/fault.ts';

export type LoginFailure = 'unknown' | 'wrong' | 'locked' | 'idle' | 'disabled' | 'expired';

export class LoginRefused extends Fault {
  readonly why: LoginFailure;
  constructor(why: LoginFailure, words?: string) {
    const { status, kind, message } = unauthorized(words);
    super(status, kind, message);
    this.why = why;
  }
}
