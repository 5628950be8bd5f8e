/**
 * A join token: `wattle1.<base64url>.<checksum>`. It names the management node and the fingerprint of the cloud's authority,
 * so that a host connects to nothing else, and holds a secret of which the registry stores a hash.
 */
import { createHash } from 'node:crypto';
import { Refusal } from '../command.ts';

export interface JoinToken {
  /** host:port of the registry. */
  readonly registry: string;
  /** The SHA-256 of the authority's certificate, in hexadecimal. */
  readonly fingerprint: string;
  readonly id: string;
  readonly secret: string;
}

const checksum = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, 8);

export function formatToken({ registry, fingerprint, id, secret }: JoinToken): string {
  const body = Buffer.from(JSON.stringify([registry, fingerprint, id, secret])).toString('base64url');
  return `wattle1.${body}.${checksum(body)}`;
}

/** Throws Refusal for a text that is no token or was not copied whole. */
export function parseToken(text: string): JoinToken {
  const [prefix, body = '', sum] = text.trim().split('.');
  if (prefix !== 'wattle1')
    throw new Refusal('this is no join token: it begins with wattle1. and is printed by `wattle token create`');
  if (checksum(body) !== sum) throw new Refusal('the join token is damaged: copy it again, whole');
  const [registry, fingerprint, id, secret] = fieldsOf(body);
  if (!registry || !fingerprint || !id || !secret) throw new Refusal('the join token is damaged: copy it again, whole');
  return { registry, fingerprint, id, secret };
}

function fieldsOf(body: string): readonly string[] {
  try {
    const fields: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    return Array.isArray(fields) && fields.every((field) => typeof field === 'string') ? fields : [];
  } catch {
    return [];
  }
}

/** `90s`, `15m`, `1h`, `2d` as milliseconds. Throws Refusal. */
export function parseDuration(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  if (!unitMs || Number(count) === 0) throw new Refusal(`expected a duration such as 15m, 1h or 2d, found ${text}`);
  return Number(count) * unitMs;
}
