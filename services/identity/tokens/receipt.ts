/** Who needs more than one method may bring them one after the other: a receipt says what was shown so far. */
import { unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { findProject } from '../projects/store.ts';
import type { User } from '../users/store.ts';
import type { Authentication } from './methods.ts';
import { timestamp } from './timestamps.ts';

interface Receipt {
  readonly userId: string;
  readonly methods: readonly string[];
  readonly exp: number;
}

const livesMs = 300_000;

/** Sealed with the key of credentials, not signed as tokens are: it can never pass for one. */
export function readReceipt({ sealer }: Identity, text: string | undefined): Receipt | undefined {
  if (text === undefined) return undefined;
  try {
    const [keyId = '', sealed = ''] = text.split('.');
    const receipt = JSON.parse(sealer.open(sealed, keyId)) as Receipt;
    if (receipt.exp > Date.now()) return receipt;
  } catch {
    // a receipt that is none is like one that has ended
  }
  throw unauthorized();
}

/** The rules that a user's methods must satisfy one of; none where one method is enough. */
export function missingMethods({ options }: User, methods: readonly string[]): string[][] | undefined {
  const rules = options.multi_factor_auth_rules as string[][] | undefined;
  if (options.multi_factor_auth_enabled !== true || !rules || rules.length === 0) return undefined;
  const isEnough = rules.some((rule) => rule.every((method) => methods.includes(method)));
  return isEnough ? undefined : rules.filter((rule) => methods.some((method) => rule.includes(method)));
}

/** 401, with what is missing and a receipt for what was there. */
export async function receiptAnswer({ db, sealer }: Identity, { user, methods }: Authentication, required: string[][]) {
  const now = Date.now();
  const receipt: Receipt = { userId: user.id, methods, exp: now + livesMs };
  const { sealed, keyId } = sealer.seal(JSON.stringify(receipt));
  const domain = await findProject(db, { id: user.domainId });
  return {
    status: 401,
    headers: { 'openstack-auth-receipt': `${keyId}.${sealed}` },
    body: {
      receipt: {
        methods,
        user: { id: user.id, name: user.name, domain: { id: user.domainId, name: domain?.name ?? user.domainId } },
        issued_at: timestamp(now),
        expires_at: timestamp(receipt.exp),
      },
      required_auth_methods: required,
    },
  };
}
