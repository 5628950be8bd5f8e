/**
 * SAML assertions for other clouds. Wattle has no signing key and answers 500 as a Keystone without one, after all
 * checks of the request.
 */
import { Fault, forbidden } from '#shared/errors/fault.ts';
import type { Handler } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { verifyOwnToken } from '../tokens/verify.ts';
import { serviceProvider } from './resource.ts';

interface Input {
  readonly auth: {
    readonly identity: { readonly token: { readonly id: string } };
    readonly scope: { readonly service_provider: { readonly id: string } };
  };
}

export const createAssertion: Handler<Identity, Input> = async (identity, { body: { auth } }) => {
  const { id, enabled } = await serviceProvider.rows.get(identity.db, auth.scope.service_provider.id);
  if (!enabled) throw forbidden(`Service Provider ${id} is disabled`);
  const { project } = await verifyOwnToken(identity, auth.identity.token.id);
  if (project === null) throw forbidden('Use a project scoped token when attempting to create a SAML assertion.');
  throw new Fault(500, 'unexpected', 'Unable to sign SAML assertion: this cloud has no certificate and key for that.');
};

export const showMetadata: Handler<Identity> = async () => {
  throw new Fault(500, 'unexpected', 'This cloud is no SAML identity provider: it has no metadata to show.');
};
