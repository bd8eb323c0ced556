// Posts a request to the API and hands the answer to the browser as a file; what the API says is wrong is returned.
export async function post(address, body, name) {
    const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body, credentials: "same-origin" });
    if (!answer.ok) {
        const problem = await answer.json().catch(() => null);
        return problem?.detail ?? `the API answered ${answer.status}`;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    return null;
}
