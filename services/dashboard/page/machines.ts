import { useState } from 'preact/hooks';
import { AccessForm } from './access-form.ts';
import { ask, type Machine, problemOf } from './api.ts';
import { sizeText } from './format.ts';
import { html } from './html.ts';
import { SizeForm, TemplateForm } from './machine-forms.ts';
import { say, sayKnown, type Word } from './words.ts';

interface Props {
  readonly machines: readonly Machine[];
  onScreen(machine: Machine): void;
}

export function Machines({ machines, onScreen }: Props) {
  if (machines.length === 0) return html`<p class="empty">${say('machines.none')}</p>`;
  return html`<ul class="machines" aria-label=${say('machines.list')}>
    ${machines.map((machine) => html`<${Card} key=${machine.id} machine=${machine} onScreen=${onScreen} />`)}
  </ul>`;
}

function Card({ machine, onScreen }: { readonly machine: Machine; onScreen(machine: Machine): void }) {
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const { id, name, state, step, reason, addresses, size, verbs } = machine;
  const [form, setForm] = useState<'access' | 'template' | 'resize'>();
  const send = async (method: string, path: string, body?: object) => {
    setBusy(true);
    setProblem('');
    setForm(undefined);
    await ask(method, `/machines/${id}${path}`, body).catch((error: unknown) => setProblem(problemOf(error)));
    setBusy(false);
  };
  const doIt = async (verb: Machine['verbs'][number]) => {
    if (verb === 'screen') return onScreen(machine);
    if (verb === 'access' || verb === 'template' || verb === 'resize') return setForm(form === verb ? undefined : verb);
    if (verb !== 'delete') return send('POST', `/${verb}`);
    if (confirm(say('machine.deleteSure', { name }))) await send('DELETE', '');
  };
  return html`<li class="card">
    <h2>${name}</h2>
    <p class=${`state ${state}`}>${say(`state.${state}` as Word)}</p>
    ${step && html`<p class="step">${say('machine.step', { step: sayKnown('step', step) })}</p>`}
    ${reason && html`<p class="problem">${reason}</p>`}
    <p class="address">
      ${
        addresses.length === 0
          ? say('machine.noAddress')
          : addresses.map(
              (each) =>
                html`<span key=${each.address}>
                  ${each.address}${each.public && html` <small>(${say('machine.publicAddress')})</small>`}
                </span>`,
            )
      }
    </p>
    <p class="size">${sizeText(size)}</p>
    <p role="alert" class="problem">${problem}</p>
    <div class="verbs">
      ${verbs.map(
        (verb) =>
          html`<button
            key=${verb}
            class=${verb === 'delete' ? 'danger' : ''}
            disabled=${isBusy}
            aria-label=${`${say(`verb.${verb}` as Word)}: ${name}`}
            onClick=${() => void doIt(verb)}
          >
            ${say(`verb.${verb}` as Word)}
          </button>`,
      )}
    </div>
    ${form === 'access' && html`<${AccessForm} id=${id} />`}
    ${form === 'template' && html`<${TemplateForm} name=${name} onDone=${(body: object) => send('POST', '/template', body)} />`}
    ${form === 'resize' && html`<${SizeForm} machine=${machine} onDone=${(body: object) => send('PUT', '/size', body)} />`}
  </li>`;
}
