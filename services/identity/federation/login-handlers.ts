/**
 * Federated logins through a trusted web server: by a client, which gets a token, or by a browser on its way to the
 * dashboard.
 */
import { isSameSecret } from '#shared/auth/same-secret.ts';
import { badRequest, unauthorized } from '#shared/errors/fault.ts';
import { bytes, type Call, created, type Handler } from '#shared/http/route.ts';
import type { LogInAnswer } from '../audit/with-audit.ts';
import type { Identity } from '../context.ts';
import { type IssuedToken, issueToken } from '../tokens/issue.ts';
import { tokenView } from '../tokens/view.ts';
import { type Asserted, federate, remoteIdOf } from './login.ts';
import type { Assertion } from './mapping.ts';
import { identityProvider, protocol as protocolResource } from './resource.ts';
import { signOnPage } from './sign-on-page.ts';

type FederationCall = Call;

export const federatedLogin: Handler<Identity, unknown, 'id' | 'protocolId'> = async (identity, call) => {
  const { id: idpId, protocolId } = call.params;
  const { token, claims } = await issueFederatedToken(identity, call, {
    idpId,
    protocolId,
    assertion: assertionOf(identity, call),
  });
  return created({ token: await tokenView(identity, claims, { catalog: false }) }, { 'x-subject-token': token });
};

/** The path names the identity provider. */
export const signOnByProvider: Handler<Identity, unknown, 'id' | 'protocolId'> = async (identity, call) => {
  const { id: idpId, protocolId } = call.params;
  const assertion = assertionOf(identity, call);
  const dashboard = dashboardOf(identity, call);
  return postToDashboard(dashboard, await issueFederatedToken(identity, call, { idpId, protocolId, assertion }));
};

/** The remote id in the assertion names the identity provider. */
export const signOn: Handler<Identity> = async (identity, call) => {
  const { protocolId = '' } = call.params;
  const assertion = assertionOf(identity, call);
  const idpId = await providerOf(identity, protocolId, assertion);
  const dashboard = dashboardOf(identity, call);
  return postToDashboard(dashboard, await issueFederatedToken(identity, call, { idpId, protocolId, assertion }));
};

async function issueFederatedToken(
  identity: Identity,
  { caller }: FederationCall,
  asserted: Asserted,
): Promise<IssuedToken> {
  const startedAt = Date.now();
  const { user, federated } = await federate(identity, caller, asserted);
  const authentication = { user, methods: [asserted.protocolId], startedAt };
  return issueToken(identity, authentication, { scope: null, roles: [] }, federated);
}

async function providerOf(identity: Identity, protocolId: string, assertion: Assertion): Promise<string> {
  const { db } = identity;
  const providers = await identityProvider.rows.list(db);
  for (const protocol of await protocolResource.rows.where(db, { id: protocolId })) {
    const remote = remoteIdOf(identity, protocol, assertion);
    const provider = remote ? providers.find(({ remoteIds }) => remoteIds.includes(remote)) : undefined;
    if (provider?.id === protocol.idpId) return provider.id;
  }
  throw unauthorized('Missing entity ID from environment');
}

/** The origin must equal a trusted dashboard exactly, since that page receives the token. */
function dashboardOf({ config }: Identity, { query: { origin } }: FederationCall): string {
  if (!origin) throw badRequest('Request must have an origin query parameter');
  const trusted = config.trustedDashboards.find((each) => lowerHost(each) === origin);
  if (trusted === undefined) throw unauthorized(`${origin} is not a trusted dashboard host`);
  return origin;
}

const lowerHost = (url: string) => url.replace(/^[^/]*\/\/[^/]+/, (start) => start.toLowerCase());

function postToDashboard(dashboard: string, { token, claims }: IssuedToken): LogInAnswer {
  const { html, headers } = signOnPage(dashboard, token);
  return { ...bytes(200, Buffer.from(html), headers), userId: claims.sub };
}

/** The secret proves that the request comes from the trusted web server, which sends the attributes in headers. */
function assertionOf({ config }: Identity, { header }: Pick<FederationCall, 'header'>): Assertion {
  const { federationSecret: secret, federationAttributes: names } = config;
  if (!secret || !isSameSecret(header('x-federation-secret') ?? '', secret)) throw unauthorized();
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = header(`x-assertion-${name.toLowerCase().replaceAll('_', '-')}`);
      return value === undefined ? [] : [[name, valuesOf(value)]];
    }),
  );
}

/** `X-Assertion-Mail: a;b` is the attribute MAIL with two values. */
const valuesOf = (value: string): string[] => decoded(value).split(';').filter(Boolean);

/** Node decodes headers as Latin-1; valid UTF-8 is decoded again. */
function decoded(value: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}
