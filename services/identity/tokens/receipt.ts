/** Multi-factor login in several requests: a receipt holds the methods that have passed so far. */
import { unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { findProject } from '../projects/store.ts';
import { formatTimestamp } from '../resources/values.ts';
import type { User } from '../users/resource.ts';
import type { Authentication } from './method.ts';

interface Receipt {
  readonly userId: string;
  readonly methods: readonly string[];
  readonly exp: number;
}

const livesMs = 300_000;

/** Sealed with the credential key, not signed as tokens are, so a receipt cannot be used as a token. 401 for an invalid or expired one. */
export function readReceipt({ sealer }: Identity, text: string | undefined): Receipt | undefined {
  if (text === undefined) return undefined;
  try {
    const [keyId = '', sealed = ''] = text.split('.');
    const receipt = JSON.parse(sealer.open(sealed, keyId)) as Receipt;
    if (receipt.exp > Date.now()) return receipt;
  } catch {
    // an invalid receipt is treated as an expired one
  }
  throw unauthorized();
}

/** The multi-factor rules that the methods do not satisfy yet; undefined when one is satisfied or there are none. */
export function missingMethods({ options }: User, methods: readonly string[]): string[][] | undefined {
  const rules = options.multi_factor_auth_rules as string[][] | undefined;
  if (options.multi_factor_auth_enabled !== true || !rules || rules.length === 0) return undefined;
  const isEnough = rules.some((rule) => rule.every((method) => methods.includes(method)));
  return isEnough ? undefined : rules.filter((rule) => methods.some((method) => rule.includes(method)));
}

/** 401 with the required methods and a receipt for those that have passed. */
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
        issued_at: formatTimestamp(now),
        expires_at: formatTimestamp(receipt.exp),
      },
      required_auth_methods: required,
    },
  };
}
