/* Keeps a file open for reading, as a program does that lets nobody rename or
   delete it meanwhile, until a second file is there: hold FILE UNTIL READY. */
#include <stdio.h>
#include <windows.h>

int main(int count, char **words)
{
    HANDLE file;
    if (count != 4)
        return 2;
    file = CreateFileA(words[1], GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                       OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return 1;
    fclose(fopen(words[3], "w"));
    while (GetFileAttributesA(words[2]) == INVALID_FILE_ATTRIBUTES)
        Sleep(5);
    CloseHandle(file);
    return 0;
}
