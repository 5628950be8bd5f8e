/**
 * OAuth 2.0 client credentials (RFC 6749, 4.4): the client is an application credential, the access token a token of
 * identity.
 */
import { Fault } from '#shared/errors/fault.ts';
import { readForm } from '#shared/http/body.ts';
import { type Answer, type Call, type Handler, ok } from '#shared/http/route.ts';
import type { LogInAnswer } from '../audit/with-audit.ts';
import type { Identity } from '../context.ts';
import { withQueueAddress } from '../passwords/fair-semaphore.ts';
import { byApplicationCredential } from '../tokens/by-application-credential.ts';
import { credentialScope } from '../tokens/delegated-scope.ts';
import { issueToken } from '../tokens/issue.ts';
import { refuseDisabled } from '../tokens/refuse-disabled.ts';

const formLimitBytes = 16_384;
const failed = 'Client authentication failed.';

export const createAccessToken: Handler<Identity> = async (identity, call) => {
  const form = await readForm(call.stream, formLimitBytes);
  const grant = form.get('grant_type');
  if (!grant) return refusal(400, 'invalid_request', 'The parameter grant_type is required.');
  if (grant !== 'client_credentials')
    return refusal(400, 'unsupported_grant_type', `The parameter grant_type ${grant} is not supported.`);
  const client = clientOf(call, form);
  if (!client?.id || !client.secret) return unknownClient(call);
  try {
    return await withQueueAddress(call.address, () => answerTo(identity, client));
  } catch (error) {
    if (error instanceof Fault && error.status === 401) return unknownClient(call);
    throw error;
  }
};

interface Client {
  readonly id: string;
  readonly secret: string;
}

async function answerTo(identity: Identity, { id, secret }: Client): Promise<LogInAnswer> {
  const startedAt = Date.now();
  const { user, credential } = await byApplicationCredential(identity, { id, secret });
  await refuseDisabled(identity, user);
  const tokenScope = await credentialScope(identity, credential);
  const { token, claims } = issueToken(identity, { user, methods: ['application_credential'], startedAt }, tokenScope);
  const expiresIn = Math.floor(claims.exp - claims.iat);
  const body = { access_token: token, token_type: 'Bearer', expires_in: expiresIn };
  return { ...ok(body, { 'cache-control': 'no-store' }), userId: user.id };
}

/** Client id and secret from the Authorization header, else from the form. */
function clientOf({ header }: Pick<Call, 'header'>, form: URLSearchParams): Client | undefined {
  const [, basic] = header('authorization')?.match(/^Basic\s+(\S+)$/i) ?? [];
  if (basic === undefined) return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' };
  const [, id, secret] =
    Buffer.from(basic, 'base64')
      .toString()
      .match(/^([^:]*):(.*)$/s) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

const unknownClient = ({ base }: Pick<Call, 'base'>): Answer => {
  const { headers, ...answer } = refusal(401, 'invalid_client', failed);
  return { ...answer, headers: { ...headers, 'www-authenticate': `Keystone uri="${base}/v3"` } };
};

const refusal = (status: number, error: string, description: string): Answer => ({
  status,
  headers: { 'cache-control': 'no-store' },
  body: { error, error_description: description },
});
