/** The bus over RabbitMQ. While the broker is unreachable notifications are lost and calls fail at once. */
import type { Log } from '#shared/log/log.ts';
import type { Bus, Sender } from './bus.ts';
import { openCalls } from './calls.ts';
import { openEvents } from './events.ts';
import { keepLinked } from './link.ts';
import { openNotifications } from './notifications.ts';

/** An agent's user is `<agent>.<host>`. */
const isAgent = (user: string) => user.includes('.');

/** Only identity publishes events: no other role has rights on their queue. */
const publishes = (user: Sender) => user === undefined || user === 'identity';

/**
 * Resolves after the first attempt to connect, also when the broker is unreachable. `user` is the role's own user of the
 * broker; undefined when all roles share one, so that calls have no verified sender.
 */
export async function rabbitBus(url: string, log: Log, user: Sender): Promise<Bus> {
  const notifications = openNotifications(log, user === undefined || !isAgent(user));
  const calls = openCalls(log, user);
  const events = openEvents(log);
  const link = keepLinked(url, log, [...(publishes(user) ? [events] : []), calls, notifications]);
  await link.tried;
  return {
    notify: notifications.notify,
    onNotify: notifications.onNotify,
    call: calls.call,
    onCall: calls.onCall,
    publish: events.publish,
    listeningSince: link.listeningSince,
    close: link.close,
  };
}
