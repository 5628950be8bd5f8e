import { type Command, Refusal } from '../command.ts';
import { getHome } from '../settings.ts';

export const command: Command = async ({ args: [verb = 'list', which = 'tokens'] }) => {
  if (!['list', 'rotate'].includes(verb) || !['tokens', 'credentials'].includes(which))
    throw new Refusal('usage: wattle keys [list], or wattle keys rotate [tokens|credentials]');
  const { settings } = await getHome();
  const { openKeyRing } = await import('../../services/identity/admin.ts');
  const ring = await openKeyRing(settings);
  try {
    if (verb === 'rotate' && which === 'tokens') await ring.rotateTokens();
    if (verb === 'rotate' && which === 'credentials')
      process.stdout.write(`${await ring.rotateCredentials()} secrets were encrypted again, with a new key.\n`);
    for (const { kid, state, madeAt } of await ring.list())
      process.stdout.write(`${kid}  ${state.padEnd(8)} created ${new Date(madeAt).toISOString()}\n`);
  } finally {
    await ring.close();
  }
  return 0;
};
