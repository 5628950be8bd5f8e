/** Refusals, with Swift's text or the HTML page of the status. */
import { Fault } from '#shared/errors/fault.ts';
import { statusPage, textBody, titledHeaders } from '../dialect.ts';

export const refuse = (status: number, message?: string, headers: Readonly<Record<string, string>> = {}): Fault =>
  new Fault(status, message === undefined ? statusPage : textBody, message ?? '', { headers: titledHeaders(headers) });

/** The refusal that was thrown; rethrows anything else. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  throw error;
}

export const missing = (): Fault => refuse(404);
export const unavailable = (): Fault => refuse(503);
