import { type Command, Refusal } from '../command.ts';
import { findHome } from '../settings.ts';

/** `wattle keys`, `wattle keys rotate [tokens|credentials]`: by default those that sign tokens. */
export const command: Command = async ({ words: [verb = 'list', which = 'tokens'] }) => {
  const home = await findHome();
  if (!home) throw new Refusal('no cloud was ever started here: npm start');
  if (!['list', 'rotate'].includes(verb) || !['tokens', 'credentials'].includes(which))
    throw new Refusal('wattle keys [list], or wattle keys rotate [tokens|credentials]');
  const { openKeyRing } = await import('../../services/identity/keys/operations.ts');
  const ring = openKeyRing(home.settings);
  try {
    if (verb === 'rotate' && which === 'tokens') await ring.rotateTokens();
    if (verb === 'rotate' && which === 'credentials')
      process.stdout.write(`${await ring.rotateCredentials()} secrets are sealed by a new key.\n`);
    for (const { kid, state, madeAt } of await ring.list())
      process.stdout.write(`${kid}  ${state.padEnd(8)} made ${new Date(madeAt).toISOString()}\n`);
  } finally {
    await ring.close();
  }
  return 0;
};
