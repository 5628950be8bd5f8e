/**
 * Whose request it is. Identity verifies the first signature of a key and gives the signing key of its scope (a day, a region, s3), with
 * which further requests of the next two seconds, and the chunks of uploads, are verified here. The secret itself stays there.
 */

import type { Authenticated } from '#shared/auth/caller.ts';
import { isSameSecret } from '#shared/auth/same-secret.ts';
import { textOf } from '#shared/clients/http.ts';
import type { Session } from '#shared/clients/session.ts';
import { ttlCache } from '#shared/clock/ttl-cache.ts';
import { anonymous } from '#shared/http/route.ts';
import type { KeyOwner, S3Keys, Signed } from '../context.ts';
import { refuseS3 } from './errors.ts';
import { signatureWith } from './signature.ts';

/** As long as a revocation may take to apply everywhere. */
const believedMs = 2_000;

export function openKeys(ask: (signed: Signed) => Promise<KeyOwner>): S3Keys {
  const known = ttlCache({ ms: believedMs, size: 10_000 });
  const verify = async (signed: Signed): Promise<KeyOwner> => {
    const { version, access, scope, text, signature } = signed;
    if (version === 2) return ask(signed);
    // a wrong signature that came first must not refuse the right one that waits for the same answer
    const owner = await known.get(`${access} ${scope}`, () => ask(signed)).catch(() => ask(signed));
    if (owner.signingKey && !isSameSecret(signatureWith(owner.signingKey, text), signature)) throw mismatch();
    return owner;
  };
  return { verify };
}

const mismatch = () =>
  refuseS3(
    'SignatureDoesNotMatch',
    'The request signature does not match: check the secret key and the signing method.',
  );

/** The rules name paths of Swift's API, which the S3 API does not have. */
const restricted = () =>
  refuseS3('AccessDenied', 'The key is of an application credential with access rules: use its token with Swift.');

interface Token {
  readonly user: { readonly id: string; readonly name: string; readonly domain: { readonly id: string } };
  readonly project?: { readonly id: string; readonly name: string; readonly domain: { readonly id: string } };
  readonly roles?: readonly { readonly name: string }[];
  readonly application_credential?: { readonly access_rules?: readonly unknown[] };
}

/** Asks identity. The token of this service is named, so that a wrong signature of a client does not count as its own 401. */
export const askIdentity =
  (session: Session) =>
  async ({ access, text, signature }: Signed): Promise<KeyOwner> => {
    const credentials = { access, signature, token: Buffer.from(text).toString('base64url') };
    const reply = await session.raw('identity', '/s3tokens', {
      method: 'POST',
      body: JSON.stringify({ credentials }),
      headers: { 'content-type': 'application/json' },
      token: await session.token(),
    });
    const answer = await textOf(reply);
    if (reply.status === 401 || reply.status === 404) throw mismatch();
    if (reply.status !== 200) throw refuseS3('SlowDown', 'The keys cannot be verified: try again in a moment.');
    const { token } = JSON.parse(answer) as { token: Token };
    if (token.application_credential?.access_rules) throw restricted();
    const key = reply.headers['x-s3-signing-key'];
    return { caller: callerOf(token), signingKey: typeof key === 'string' ? Buffer.from(key, 'hex') : undefined };
  };

const callerOf = ({ user, project, roles = [] }: Token): Authenticated => ({
  ...anonymous(''),
  userId: user.id,
  userName: user.name,
  userDomainId: user.domain.id,
  projectId: project?.id ?? null,
  projectName: project?.name ?? null,
  projectDomainId: project?.domain.id ?? null,
  roles: roles.map(({ name }) => name),
});
