/** A file becomes a template: chosen or dropped, sent with progress, and checked by the cloud. */
import { useState } from 'preact/hooks';
import { problemOf, type Template, uploadTemplate } from './api.ts';
import { formatBytes } from './format.ts';
import { html } from './html.ts';
import { say, sayKnown } from './words.ts';

interface Props {
  onDone(): void;
}

export function Upload({ onDone }: Props) {
  const [file, setFile] = useState<File>();
  const [progress, setProgress] = useState<number>();
  const [result, setResult] = useState('');
  const [problem, setProblem] = useState('');
  const choose = (files: FileList | null | undefined) => {
    setFile(files?.[0]);
    setProblem('');
    setResult('');
  };
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const texts = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement));
    if (!file) return;
    setProblem('');
    setProgress(0);
    try {
      setResult(checkedText(await uploadTemplate(file, String(texts.name), String(texts.description), setProgress)));
      setFile(undefined);
    } catch (error) {
      setProblem(problemOf(error));
    }
    setProgress(undefined);
    onDone();
  };
  return html`<form
    class="upload card"
    onSubmit=${send}
    onDragOver=${(event: DragEvent) => event.preventDefault()}
    onDrop=${(event: DragEvent) => {
      event.preventDefault();
      choose(event.dataTransfer?.files);
    }}
  >
    <label>
      <b>${say('upload.title')}</b>
      <small>${say('upload.hint')}</small>
      <input
        type="file"
        accept=".iso,.img,.raw,.qcow2,.vmdk,.vhd,.vhdx,.vdi"
        onChange=${(event: Event) => choose((event.target as HTMLInputElement).files)}
      />
    </label>
    ${file && html`<${Questions} key=${file.name} file=${file} isBusy=${progress !== undefined} />`}
    ${
      progress !== undefined &&
      html`<label>
        ${say(progress < 1 ? 'upload.busy' : 'upload.checking')}
        <progress value=${progress} max="1"></progress>
      </label>`
    }
    <p role="status">${result}</p>
    <p role="alert" class="problem">${problem}</p>
  </form>`;
}

function Questions({ file, isBusy }: { readonly file: File; readonly isBusy: boolean }) {
  const name = file.name.replace(/\.[a-z0-9]{1,6}$/i, '');
  return html`<label>${say('library.name')} <input name="name" required maxlength="255" value=${name} /></label>
    <label>${say('library.description')} <input name="description" maxlength="255" /></label>
    <button class="main" disabled=${isBusy}>${say('upload.submit', { size: formatBytes(file.size) })}</button>`;
}

const checkedText = ({ name, format, disk_bytes: disk, bytes }: Template): string =>
  say('upload.done', { name, format: sayKnown('format', format ?? 'raw'), size: formatBytes(disk ?? bytes) });
