/* Runs a program in a console of its own and presses Ctrl-C in it whenever a file is
   there, which it deletes: press WHEN PROGRAM WORD... Ends as the program does. (To
   press Ctrl-Break is what Wine can't.) */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static BOOL WINAPI ignore(DWORD kind)
{
    (void)kind;
    return TRUE;
}

int main(int count, char **words)
{
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    DWORD code = 0;
    char line[4096] = "";
    int at;
    if (count < 3)
        return 97;
    for (at = 2; at < count; at++) {
        strcat(line, words[at]);
        strcat(line, " ");
    }
    /* The streams are those of the caller all the same. */
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    FreeConsole();
    if (!AllocConsole())
        return 96;
    SetConsoleCtrlHandler(ignore, TRUE);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process))
        return 95;
    while (WaitForSingleObject(process.hProcess, 5) == WAIT_TIMEOUT)
        if (DeleteFileA(words[1]) && !GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0)) {
            fprintf(stderr, "it can't be pressed: %lu\n", GetLastError());
            TerminateProcess(process.hProcess, 94);
        }
    GetExitCodeProcess(process.hProcess, &code);
    return code;
}
